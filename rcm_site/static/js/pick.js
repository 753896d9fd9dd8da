// Picks all rows of a table at once, and says how many are picked: <input type="checkbox" data-pick-all="id of the form">,
// <span data-picked="id of the form">. Without scripts people pick one row after the other.

const rowsOf = (form) => [...document.querySelectorAll(`input[name=row][form=${form}]`)];

const tell = (form) => {
  const rows = rowsOf(form);
  const picked = rows.filter((row) => row.checked).length;
  const all = document.querySelector(`[data-pick-all=${form}]`);
  all.checked = picked > 0 && picked === rows.length;
  all.indeterminate = picked > 0 && picked < rows.length;
  document.querySelector(`[data-picked=${form}]`).textContent = picked ? `${picked} selected` : "";
};

for (const all of document.querySelectorAll("[data-pick-all]")) {
  all.hidden = false;
  tell(all.dataset.pickAll);
}

document.addEventListener("change", (event) => {
  const all = event.target.dataset.pickAll;
  if (all) {
    rowsOf(all).forEach((row) => (row.checked = event.target.checked));
  }
  if (all || event.target.name === "row") {
    tell(all || event.target.getAttribute("form"));
  }
});
