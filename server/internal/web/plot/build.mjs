// Builds ../assets/plot.js and its brotli form. Parts of ECharts that the pages never reach are replaced by nothing:
// the Chinese texts, the dark theme (the pages bring their own colours), decals, SVG animation.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const nothing = {
  "echarts/lib/i18n/langZH.js": "export default {};",
  "echarts/lib/theme/dark.js": "export default {};",
  "echarts/lib/util/decal.js": "export function createOrUpdatePatternFromDecal() { return null; }",
  "echarts/lib/preprocessor/backwardCompat.js": "export default function () {}",
  "zrender/lib/svg/cssAnimation.js": "export function createCSSAnimation() {}",
};

const stub = {
  name: "stub",
  setup(b) {
    b.onLoad({ filter: /\.js$/ }, ({ path }) => {
      const hit = Object.keys(nothing).find((k) => path.endsWith("node_modules/" + k));
      return hit ? { contents: nothing[hit], loader: "js" } : undefined;
    });
  },
};

const outfile = new URL("../assets/plot.js", import.meta.url).pathname;
await build({
  entryPoints: [new URL("plot.js", import.meta.url).pathname], bundle: true, minify: true, format: "esm", target: "es2022",
  charset: "utf8", legalComments: "inline", plugins: [stub], outfile,
});
const text = readFileSync(outfile);
const packed = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 } });
writeFileSync(outfile + ".br", packed);
console.log(`plot.js ${text.length} bytes, brotli ${packed.length}`);
