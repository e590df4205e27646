// Curves tell their name and value where a pointer is. strokes.js and page.js stand before it in the same module.

const NEAR = 12; // pixels of the page

/** A small text upon the canvas of a panel, on the strokes that it shows now. */
export function curveTip(canvas, signal) {
  const { sheet } = canvas;
  const tip = make("div", { class: "nnlab-tip", "aria-hidden": "true" });
  tip.hidden = true;
  sheet.append(tip);
  const look = (event) => {
    const at = canvas.under(event);
    const found = nearestCurve([canvas.scene, canvas.strokes], [at.x, at.y]);
    tip.hidden = !found;
    if (!found) return;
    say(tip, found.text);
    const [x, y] = canvas.shown([found.x, found.y]);
    [tip.style.left, tip.style.top] = [`${100 * x}%`, `${100 * y}%`];
    tip.classList.toggle("nnlab-left", x > 0.5);
    tip.classList.toggle("nnlab-below", found.y < 40);
  };
  for (const kind of ["pointermove", "pointerdown"]) sheet.addEventListener(kind, look, { signal });
  sheet.addEventListener("pointerleave", () => (tip.hidden = true), { signal });
}

/** The named curve next to a place, with the point of it that lies there; undefined if none is near. */
function nearestCurve([scene, frame], [x, y]) {
  const inside = ([from, to], v) => v >= Math.min(from, to) - 1 && v <= Math.max(from, to) + 1;
  const axes = (scene?.axes ?? []).find((one) => inside(one.x.pixels, x) && inside(one.y.pixels, y));
  if (!axes) return undefined;
  let best = { distance: NEAR };
  for (const curve of [frame, scene].flatMap(curvesOf)) {
    const name = nameOf(axes.names, curve);
    if (!name) continue;
    for (const [from, to] of curve.pieces) {
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const along = Math.min(1, Math.max(0, ((x - from[0]) * dx + (y - from[1]) * dy) / (dx * dx + dy * dy || 1)));
      const point = { x: from[0] + along * dx, y: from[1] + along * dy };
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance < best.distance && inside(axes.x.pixels, point.x) && inside(axes.y.pixels, point.y)) best = { distance, name, ...point };
    }
  }
  const told = best.name && [axes.x, axes.y].map((way, k) => valueAt(way, k === 0 ? best.x : best.y)).filter(Boolean);
  return best.name && { ...best, text: [best.name, ...told].join(", ") };
}

/** The name that fits best: lines of one colour differ by dashes or width. */
function nameOf(names, { colour, width, dashed }) {
  const off = ([, wide, dashes]) => (dashes === dashed ? 0 : 100) + Math.abs(wide - width);
  const same = names.filter(([known]) => known === colour);
  return same.reduce((best, one) => (best && off(best) <= off(one) ? best : one), undefined)?.[3];
}

/** What an axis says of a pixel of the page: its label and the value. */
function valueAt({ pixels: [from, to], values: [low, high], log, told, label }, pixel) {
  if (!told) return "";
  const share = (pixel - from) / (to - from);
  const value = log ? low * (high / low) ** share : low + share * (high - low);
  const small = Math.abs(value) < 1e-3 * Math.abs(high - low) && !log;
  return `${label.replaceAll("$", "")} ${small ? 0 : Number(value.toPrecision(3))}`.trim();
}
