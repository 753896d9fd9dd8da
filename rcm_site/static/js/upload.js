// Sends files one by one, so that each has its own progress and its own answer. Without this script the form sends
// them together and the page answers.

const form = document.querySelector("[data-upload]");
const input = form.querySelector('input[type="file"]');
const zone = form.querySelector("[data-drop]");
const chosen = form.querySelector("[data-chosen]");
const answers = document.querySelector("[data-answer-list]");
const said = document.querySelector("[data-said]");
const rowTemplate = document.querySelector("template[data-file-row]");
const brokenTemplate = document.querySelector("template[data-broken-row]");
const submit = form.querySelector('button[type="submit"]');
const sent = new WeakMap(); // from an answer on the page to its file

let files = [];

document.querySelectorAll("[data-with-script]").forEach((each) => each.removeAttribute("hidden"));
document.querySelectorAll("[data-without-script]").forEach((each) => each.setAttribute("hidden", ""));

function sizeInWords(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ["KB", "MB", "GB"];
  let size = bytes;
  let unit = -1;
  while (size >= 1000) {
    size /= 1000;
    unit += 1;
  }
  return `${size.toFixed(1)} ${units[unit]}`;
}

function showChosen() {
  // The input keeps the same files, so that the browser's own check of a required field holds.
  const kept = new DataTransfer();
  files.forEach((each) => kept.items.add(each.file));
  input.files = kept.files;
  chosen.replaceChildren(...files.map((each) => each.row));
}

function choose(list) {
  for (const file of list) {
    const row = rowTemplate.content.firstElementChild.cloneNode(true);
    const entry = { file, row };
    row.querySelector("[data-name]").textContent = file.name;
    row.querySelector("[data-size]").textContent = sizeInWords(file.size);
    row.querySelector("progress").setAttribute("aria-label", `Sent of ${file.name}`);
    row.querySelector("[data-remove-words]").textContent = ` ${file.name}`;
    row.querySelector("[data-remove]").addEventListener("click", () => {
      files = files.filter((each) => each !== entry);
      showChosen();
      input.focus();
    });
    files.push(entry);
  }
  showChosen();
}

function broken(file, status) {
  const reasons = {
    401: "You were signed out meanwhile: sign in and send it again.",
    403: "This page is too old: reload it and send the file again.",
    413: "It is larger than this site takes: split it, or pack it with gzip or zip.",
  };
  const row = brokenTemplate.content.firstElementChild.cloneNode(true);
  row.querySelector("[data-name]").textContent = file.name;
  row.querySelector("[data-reason]").textContent = reasons[status] || "It did not get through. Send it again.";
  return row;
}

function answerOf(request, file) {
  const piece = new DOMParser().parseFromString(request.responseText || "", "text/html");
  return piece.querySelector("[data-answer]") || broken(file, request.status);
}

function send(file, progress, again) {
  const body = new FormData(form);
  body.set("file", file);
  if (again) body.set("again", "on");
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.getAttribute("action") || location.pathname);
    request.setRequestHeader("HX-Request", "true");
    if (progress) {
      progress.hidden = false;
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) progress.value = (100 * event.loaded) / event.total;
      });
    }
    request.addEventListener("loadend", () => resolve(answerOf(request, file)));
    request.send(body);
  });
}

function show(answer, file, replaced) {
  const item = document.importNode(answer, true);
  item.querySelectorAll("[data-without-script]").forEach((each) => each.setAttribute("hidden", ""));
  item.querySelectorAll("[data-again]").forEach((each) => each.removeAttribute("hidden"));
  sent.set(item, file);
  if (replaced) replaced.replaceWith(item);
  else answers.append(item);
  return item;
}

async function sendAll() {
  submit.disabled = true;
  answers.replaceChildren();
  const queue = files;
  const shown = [];
  for (const entry of queue) {
    entry.row.querySelector("[data-remove]").remove();
  }
  for (const { file, row } of queue) {
    shown.push(show(await send(file, row.querySelector("progress")), file));
    row.remove();
  }
  files = [];
  showChosen();
  submit.disabled = false;
  const taken = shown.filter((item) => item.dataset.url);
  if (shown.length === 1 && taken.length === 1) {
    location.assign(taken[0].dataset.url);
    return;
  }
  said.textContent = `${taken.length} of ${shown.length} taken.`;
  answers.scrollIntoView({ block: "center" });
}

input.addEventListener("change", () => {
  files = [];
  choose([...input.files]);
});

zone.addEventListener("dragover", (event) => {
  event.preventDefault();
  zone.classList.add("is-over");
});
zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  zone.classList.remove("is-over");
  choose([...event.dataTransfer.files]);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sendAll();
});

answers.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-again]");
  if (!button) return;
  const item = button.closest("[data-answer]");
  button.disabled = true;
  const file = sent.get(item);
  const replacement = show(await send(file, null, true), file, item);
  said.textContent = replacement.dataset.url ? "Taken." : "Not taken.";
});
