// Files dropped on a form with data-drop="ID OF ITS FILE INPUT" are those of the input.
import { announce } from "../shared/app.js";

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

for (const form of document.querySelectorAll("form[data-drop]")) {
  const input = document.getElementById(form.dataset.drop);
  form.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // else the browser leaves the page and shows the file
    event.dataTransfer.dropEffect = "copy";
    form.classList.add("dropping");
  });
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) form.classList.remove("dropping");
  });
  form.addEventListener("drop", (event) => {
    form.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    announce(`${input.files.length} file${input.files.length === 1 ? "" : "s"} chosen`);
  });
}
