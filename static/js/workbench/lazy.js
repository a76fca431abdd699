// Scripts that are loaded when a key first asks for them, not for the first view.

function lost() {
  throw new Error("The server cannot be reached; nothing was opened. Try again.");
}

export const loadExtras = () => import("./extras.js").catch(lost);
export const loadPicker = () => import("./picker.js").catch(lost);
export const loadSearch = () => import("./search.js").catch(lost);
export const loadPaper = (...parts) => import("./paper.js").then(({ listenPrint }) => listenPrint(...parts)).catch(() => {});
export const loadPanel = () => import("./panel.js").catch(lost);
