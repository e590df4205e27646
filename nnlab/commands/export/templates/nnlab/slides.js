// Slides: shows one section, as large as fits; arrow keys, Page, Space, Home and End turn them. The address knows which.
const slides = [...document.querySelectorAll("section")];
const SMALLEST = 0.55; // of its full size; what is longer scrolls
let shown = 0;

function show(wanted) {
  shown = Math.min(Math.max(wanted, 0), slides.length - 1);
  slides.forEach((slide, k) => (slide.hidden = k !== shown));
  document.getElementById("count").textContent = `${shown + 1} / ${slides.length}`;
  fit();
}

function fit() {
  const slide = slides[shown];
  slide.style.zoom = 1;
  for (let zoom = 1; slide.getBoundingClientRect().height > innerHeight && zoom > SMALLEST; ) {
    zoom -= 0.05;
    slide.style.zoom = zoom;
  }
}

function turn(by) {
  show(shown + by);
  history.replaceState(null, "", `#${slides[shown].id}`);
  scrollTo(0, 0);
  slides[shown].focus({preventScroll: true});
}

const STEPS = {ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1, Home: -Infinity, End: Infinity};
document.addEventListener("keydown", event => {
  const taken = event.key === " " && event.target.closest("summary, a, button");
  if (!(event.key in STEPS) || taken || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  turn(event.key === " " && event.shiftKey ? -1 : STEPS[event.key]);
});
document.getElementById("back").addEventListener("click", () => turn(-1));
document.getElementById("on").addEventListener("click", () => turn(1));
document.addEventListener("toggle", fit, true);
addEventListener("resize", fit);
addEventListener("hashchange", () => show(location.hash.slice(1) - 1));
show((Number(location.hash.slice(1)) || 1) - 1);
