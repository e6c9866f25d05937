// Elements are made here and nowhere else; text only ever enters as a text node.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "hidden" || name === "disabled") element[name] = value;
    else if (name === "colour") element.style.borderColor = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

const h = (name, properties, ...children) => fill(document.createElement(name), properties, children);
const s = (name, properties, ...children) => fill(document.createElementNS(SVG, name), properties, children);
const byId = (id) => document.getElementById(id);
const button = (text, onclick, more = {}) => h("button", { type: "button", class: "button", onclick, ...more }, text);
const link = (text, onclick, more = {}) => h("button", { type: "button", class: "link", onclick, ...more }, text);

function replace(element, ...children) {
  element.replaceChildren();
  return fill(element, {}, children);
}

/** The corners of a shape of radius r round the origin; null for a circle. */
function corners(shape, r) {
  const regular = (n, turn, radius) => Array.from({ length: n }, (_, i) => {
    const angle = turn + (i * 2 * Math.PI) / n;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  const up = -Math.PI / 2;
  if (shape === "hexagon") return regular(6, 0, r * 1.08);
  if (shape === "pentagon") return regular(5, up, r * 1.1);
  if (shape === "diamond") return regular(4, up, r * 1.22);
  if (shape === "square") return regular(4, up / 2, r * 1.28);
  if (shape === "triangle") return regular(3, up, r * 1.28);
  if (shape === "triangleDown") return regular(3, -up, r * 1.28);
  if (shape === "star") {
    const outer = regular(5, up, r * 1.3), inner = regular(5, up + Math.PI / 5, r * 0.72);
    return outer.flatMap((point, i) => [point, inner[i]]);
  }
  return null;
}

function shapeElement(shape, r, x, y, properties) {
  const points = corners(shape, r);
  const round = (v) => Math.round(v * 100) / 100;
  if (!points) return s("circle", { cx: round(x), cy: round(y), r: round(r), ...properties });
  return s("polygon", { points: points.map(([a, b]) => `${round(x + a)},${round(y + b)}`).join(" "), "stroke-linejoin": "round", ...properties });
}

function swatch(kind, size = 18) {
  const look = DATA.classes[kind];
  const c = size / 2;
  return s("svg", { width: size, height: size, "aria-hidden": "true" },
    shapeElement(look.shape, size * 0.37, c, c, { fill: look.color }),
    s("text", { x: c, y: c, "text-anchor": "middle", "dominant-baseline": "central", "font-size": size * 0.42, fill: inkOn(look.color) }, look.glyph));
}

function stroke(predicate, implied = false) {
  const colour = DATA.predicates[predicate].color;
  const both = DATA.predicates[predicate].symmetric;
  return s("svg", { width: 24, height: 12, "aria-hidden": "true" },
    s("line", { x1: 1, y1: 6, x2: both ? 23 : 18, y2: 6, stroke: colour, "stroke-width": 2.4, "stroke-dasharray": implied ? "4 3" : null }),
    both ? null : s("polygon", { points: "17,2 24,6 17,10", fill: colour }));
}

/** Black or white, whichever reads better on a colour. */
function inkOn(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 165 ? "#1d2733" : "#ffffff";
}

function save(name, type, content) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const anchor = h("a", { href: address, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(address), 4000);
}
