// Warns before the sign-in runs out, and lets the person stay. Only the server knows how long is left: another tab may
// have been used meanwhile, and a laptop may have slept, so it is asked before the warning shows and before we leave.

const dialog = document.querySelector("[data-session]");
const countdown = dialog.querySelector("[data-countdown]");
const keepForm = dialog.querySelector("[data-keep]");
const { stateUrl, signInUrl } = dialog.dataset;
const warnSeconds = Number(dialog.dataset.warnSeconds);
const ASK_AGAIN_SECONDS = 10;

let endsAt = Date.now() + Number(dialog.dataset.idleSeconds) * 1000;
let askedAt = 0;
let isAsking = false;

function secondsLeft() {
  return Math.ceil((endsAt - Date.now()) / 1000);
}

function leave() {
  const here = location.pathname + location.search;
  location.replace(`${signInUrl}?next=${encodeURIComponent(here)}`);
}

function show() {
  const left = Math.max(secondsLeft(), 0);
  countdown.textContent = left === 1 ? "1 second" : `${left} seconds`;
  if (left > warnSeconds) {
    dialog.close();
  } else if (!dialog.open) {
    dialog.showModal();
  }
}

async function ask(url, options) {
  isAsking = true;
  askedAt = Date.now();
  try {
    const answer = await fetch(url, { headers: { "X-Background": "1" }, ...options });
    if (!answer.ok) throw new Error(`The session's state came with status ${answer.status}`);
    const state = await answer.json();
    if (!state.signed_in) {
      leave();
      return;
    }
    endsAt = Date.now() + state.seconds_left * 1000;
    show();
  } catch (problem) {
    // Out of reach for a moment: the clock here goes on, and the next tick asks again.
    console.warn(problem);
    show();
  } finally {
    isAsking = false;
  }
}

function tick() {
  const left = secondsLeft();
  if (left > warnSeconds || isAsking) return;
  const isDue = Date.now() - askedAt > ASK_AGAIN_SECONDS * 1000;
  if (isDue || (left <= 0 && Date.now() - askedAt > 2000)) {
    ask(stateUrl);
  } else if (dialog.open) {
    show();
  }
}

keepForm.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(keepForm.action, { method: "POST", body: new FormData(keepForm), headers: {} });
});
// Escape is an answer too: somebody is there.
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  keepForm.requestSubmit();
});
document.addEventListener("visibilitychange", tick);
setInterval(tick, 1000);
