// A question: the options as rows, and after the choice what is right and why. page.js stands before it in the module.

const SHOW_ALL = "nnlab-show-all"; // to every question of the page, and to those that come into sight later

/** Put a question into `el` and keep it up to date with the model. */
function render({ model, el }) {
  const ended = new AbortController();
  const title = make("p", { class: "nnlab-asked", id: unique() }, make("b", {}, "Predict: "), model.get("question"));
  const verdict = make("p", { class: "nnlab-verdict", "aria-live": "polite" });
  const rows = model.get("options").map((option) => {
    const input = make("input", { type: "radio", name: title.id, ".value": option });
    const mark = make("span", { class: "nnlab-mark", "aria-hidden": "true" });
    input.addEventListener("change", () => {
      model.set("choice", option);
      model.save_changes();
    });
    return { option, input, mark, row: make("label", { class: "nnlab-option" }, input, make("span", {}, option), mark) };
  });
  const group = make("div", { role: "radiogroup", "aria-labelledby": title.id }, ...rows.map(({ row }) => row));
  const all = make("button", { type: "button", class: "nnlab-all" }, "show all answers");
  const reading = make("p", { class: "nnlab-reading" }, "You only read? ", all);
  const root = make("div", { class: "nnlab-panel nnlab-question" }, title, group, reading, verdict);

  const open = () => model.get("choice") === "" && !model.get("given");
  const give = () => {
    if (!open()) return;
    model.set("given", true);
    model.save_changes();
  };
  document.addEventListener(SHOW_ALL, give, { signal: ended.signal });
  all.addEventListener("click", () => {
    document.documentElement.dataset.nnlabShowAll = "true";
    document.dispatchEvent(new Event(SHOW_ALL));
  });

  const judged = () => {
    const [choice, answer] = [model.get("choice"), model.get("answer")];
    reading.hidden = !open();
    root.classList.toggle("nnlab-open", open()); // panel.css: what the next cell printed waits, too
    for (const { option, input, mark, row } of rows) {
      input.checked = option === choice;
      const sign = open() || answer === "" ? "" : option === answer ? "✓" : option === choice ? "✗" : "";
      mark.textContent = sign;
      row.classList.toggle("nnlab-right", sign === "✓");
      row.classList.toggle("nnlab-wrong", sign === "✗");
    }
    say(verdict, model.get("verdict"));
  };
  const events = ["change:choice", "change:given", "change:verdict"];
  for (const event of events) model.on(event, judged);
  const themed = () => root.classList.toggle("nnlab-dark", isDark());
  watchTheme(themed, ended.signal);
  themed();
  keepKeys(root);
  el.append(root);
  judged();
  model.send({ opened: true });
  if ("nnlabShowAll" in document.documentElement.dataset) give();
  return () => {
    for (const event of events) model.off(event, judged);
    ended.abort();
  };
}

export default { render };
