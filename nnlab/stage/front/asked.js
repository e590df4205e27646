// A question on a page without a kernel. page.js, question.js and mount.js stand before it in the same script.

/** A model for a question, as a notebook has it: after the choice the verdict, and whatever `prove` shows. */
class Asked {
  constructor(about, prove) {
    this.traits = { choice: "", given: false, answer: "", verdict: "", question: about.question, options: about.options };
    [this.about, this.prove, this.listeners] = [about, prove, new Map()];
  }

  get(name) {
    return this.traits[name];
  }

  set(name, value) {
    this.traits[name] = value;
  }

  save_changes() {
    this.traits.answer = this.about.answer;
    this.traits.verdict = this.about.verdicts[this.traits.choice];
    for (const listener of new Set(this.listeners.values())) listener();
    this.prove();
  }

  on(event, listener) {
    this.listeners.set(event, listener);
  }

  off(event) {
    this.listeners.delete(event);
  }

  send() {}
}

/** Put the question where it stands as text, without its answer; the proof comes after the choice. */
function ask(host) {
  const about = JSON.parse(host.querySelector("script").textContent);
  const proof = host.querySelector(".nnlab-proof");
  const el = ground(host);
  proof.slot = "proof";
  host.append(proof); // a child of the host can be shown in its slot
  const slot = make("slot", { name: "proof" });
  render({ model: new Asked(about, () => el.append(slot)), el });
}

bringAll(".nnlab-predict", ask);
