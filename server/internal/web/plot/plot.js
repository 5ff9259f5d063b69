// The plots of the pages. Each reads the table that stands on its page, so nothing is in a plot that is not in a table.
import { valueMap } from "./value.js";
import { heatMap } from "./heat.js";
import { trendLines } from "./trend.js";

const box = document.querySelector("[data-plot]");
if (box) ({ heat: heatMap, trend: trendLines })[box.dataset.plot]?.(box) ?? (box.dataset.plot === "" && valueMap(box));
