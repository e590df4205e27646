// What a page of the site does besides its explorers: light or dark, code that can be copied, formulas that fit.

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
const button = document.querySelector(".theme");

/** The button says what it would do. */
function say() {
  button.textContent = dark() ? "Light" : "Dark";
  button.hidden = false;
}

button.addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  say();
  try {
    localStorage.setItem("nnlab-theme", root.dataset.theme);
  } catch {
    // it holds for this page
  }
});
system.addEventListener("change", say);
say();

for (const code of document.querySelectorAll(".highlight-ipython3, .highlight-python")) {
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy";
  copy.textContent = "Copy";
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.querySelector("pre").textContent);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code.querySelector("pre")); // not allowed: what is selected can be copied by hand
      copy.textContent = "Selected";
    }
    setTimeout(() => (copy.textContent = "Copy"), 2000);
  });
  code.prepend(copy);
}

/** A formula cannot be broken: where it is wider than its line, it is written smaller. */
function fit() {
  const formulas = [...document.querySelectorAll("math")];
  for (const formula of formulas) formula.style.fontSize = "";
  const room = (formula) => formula.parentElement.closest("p, li, td, dd, div, main").clientWidth;
  const wide = (formula) => formula.firstElementChild.getBoundingClientRect().width; // its own box ends with the line
  const shares = formulas.map((formula) => room(formula) / wide(formula));
  formulas.forEach((formula, k) => shares[k] < 1 && (formula.style.fontSize = `${Math.floor(98 * shares[k])}%`));
}

addEventListener("resize", fit);
document.addEventListener("toggle", fit, true);
fit();
