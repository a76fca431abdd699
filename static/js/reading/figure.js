// PNG from the server's SVG, in the browser: the server needs no program that draws.

import { announce, toast } from "../shared/app.js";

const SCALE = 2;
const button = document.getElementById("png");

function loaded(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.addEventListener("load", () => resolve(image), { once: true });
    image.addEventListener("error", () => reject(new Error("The browser could not draw the SVG.")), { once: true });
    image.src = url;
  });
}

async function png(address) {
  const answer = await fetch(address, { headers: { Accept: "image/svg+xml" } });
  if (!answer.ok) throw new Error("The server did not give the figure. Reload the page and try again.");
  const source = URL.createObjectURL(new Blob([await answer.text()], { type: "image/svg+xml" }));
  try {
    const image = await loaded(source);
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * SCALE;
    canvas.height = image.naturalHeight * SCALE;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  } finally {
    URL.revokeObjectURL(source);
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

button.hidden = false;
button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    const made = await png(button.dataset.svg);
    if (!made) throw new Error("The picture is too large for this browser. The SVG has it whole.");
    save(made, button.dataset.name);
    announce("PNG saved");
  } catch (error) {
    toast(error.message, { bad: true });
  } finally {
    button.disabled = false;
  }
});
