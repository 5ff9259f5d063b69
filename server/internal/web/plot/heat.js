// Controls against recipients: a cell for each data cell of the table, coloured by the share of hosts that fail, hatched
// where nothing was measured.
import { css, font, line, show } from "./common.js";

const text = (el) => el.childNodes[0].textContent.trim();

function cells(table, none) {
  const out = [];
  const names = [...table.querySelectorAll("thead th")].slice(1).map((th) => th.textContent.trim());
  const rows = [...table.querySelectorAll("tbody tr")];
  rows.forEach((tr, y) => [...tr.querySelectorAll("td")].forEach((td, x) => {
    if (td.dataset.none === undefined) return; // does not apply
    const step = /\bh([0-4])\b/.exec(td.className)?.[1] ?? "x";
    const what = step === "x" ? none : td.textContent.trim().replace(/\s+/g, " ");
    out.push({ value: [x, y], step, partly: td.classList.contains("hp"), href: td.querySelector("a")?.href, name: `${names[x]} — ${text(tr.querySelector("th"))}: ${what}` });
  }));
  return { names, controls: rows.map((tr) => text(tr.querySelector("th"))), out };
}

function cell(api, c, hatch, sheet) {
  const [cx, cy] = api.coord(c.value), [w, h] = api.size([1, 1]);
  const x = cx - w / 2 + 1, y = cy - h / 2 + 1, width = Math.max(1, w - 2), height = Math.max(1, h - 2);
  const rect = { type: "rect", shape: { x, y, width, height }, style: { fill: c.step === "x" ? sheet : css(`--heat-${c.step}`) } };
  if (c.step !== "x") return { type: "group", children: c.partly ? [rect, { type: "rect", shape: { x: x + 2, y: y + 2, width: width - 4, height: height - 4 }, style: { fill: "none", stroke: css("--ink-2"), lineDash: [3, 2] }, silent: true }] : [rect] };
  rect.style.stroke = hatch;
  const lines = [];
  for (let s = 6; s < width + height; s += 6) {
    const [x1, y1] = s <= height ? [x, y + s] : [x + s - height, y + height];
    const [x2, y2] = s <= width ? [x + s, y] : [x + width, y + s - width];
    lines.push({ ...line(x1, y1, x2, y2, hatch), silent: true });
  }
  return { type: "group", children: [rect, ...lines] };
}

export function heatMap(box) {
  const table = document.querySelector("table.heat");
  if (!table) return true;
  const { names, controls, out } = cells(table, box.dataset.none);
  const axis = (data, extra) => ({ type: "category", data, axisTick: { show: false }, axisLine: { show: false }, splitLine: { show: false }, ...extra });
  show(box, () => {
    const narrow = box.clientWidth < 620, ink = css("--ink-2"), hatch = css("--rule-2"), sheet = css("--sheet");
    return {
      animation: false, textStyle: { fontFamily: font() },
      grid: { left: narrow ? 12 : 290, right: 12, top: 12, bottom: 96 },
      xAxis: axis(names, { axisLabel: { color: ink, rotate: names.length > 3 ? 40 : 0, width: 110, overflow: "truncate", interval: 0, hideOverlap: true, fontSize: 11 } }),
      yAxis: axis(controls, { inverse: true, axisLabel: { show: !narrow, color: ink, width: 275, overflow: "truncate", interval: 0, fontSize: 11 } }),
      series: [{ type: "custom", cursor: "pointer", data: out, renderItem: (p, api) => cell(api, out[p.dataIndex], hatch, sheet) }],
    };
  }, ({ data }) => data?.name, ({ data }) => data?.href);
  return true;
}
