// What the plots share: colours of the page's style, numbers of its language, and the life of a chart.
/*! Contains parts of Apache ECharts 6.1.0 (Apache-2.0, see /assets/echarts-licence.txt) and zrender (BSD-3-Clause). */
import { init, use } from "echarts/core";
import { CustomChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([CustomChart, GridComponent, SVGRenderer]);

export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
export const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });
export const font = () => getComputedStyle(document.body).fontFamily;

// show draws option() into a box and keeps it fitting; say(data) is the sentence of what the pointer is on, open(data)
// where a click leads.
export function show(box, option, say, open) {
  box.hidden = false;
  const chart = init(box, null, { renderer: "svg" });
  const draw = () => chart.setOption(option(), true);
  draw();
  const readout = document.querySelector("[data-readout]"), idle = readout?.textContent;
  chart.on("mouseover", (e) => { const text = say(e); if (readout && text) readout.textContent = text; });
  chart.on("mouseout", () => { if (readout) readout.textContent = idle; });
  if (open) chart.on("click", (e) => { const to = open(e); if (to) location.assign(to); });
  new ResizeObserver(() => { chart.resize(); draw(); }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

export function line(x1, y1, x2, y2, stroke, lineWidth = 1.25) {
  return { type: "line", shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth } };
}
