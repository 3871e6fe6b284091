// Bundles the console: node build.mjs FOLDER
//
// Names carry the hash of what they hold, and everything is packed for the wire once, here. The same sources and
// locked packages give the same bytes wherever they stand.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const out = process.argv[2];
const assets = join(out, "assets");
rmSync(out, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const { metafile } = await build({
  entryPoints: { main: "src/main.tsx", style: "src/style/index.css" },
  outdir: assets,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome123", "firefox120", "safari17.5"],
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  legalComments: "external",
  // The packages are linked in beside the sources: what they are called must not depend on where they really lie.
  preserveSymlinks: true,
  metafile: true,
  logLevel: "warning",
});

const named = (entry) =>
  Object.entries(metafile.outputs).find(([, made]) => made.entryPoint === entry);
const [script, { imports }] = named("src/main.tsx");
const at = (path) => `/assets/${basename(path)}`;
const preloads = imports
  .filter((one) => one.kind === "import-statement")
  .map((one) => `<link rel="modulepreload" href="${at(one.path)}">`);
const page = readFileSync("index.html", "utf8")
  .replace("<!-- style -->", `<link rel="stylesheet" href="${at(named("src/style/index.css")[0])}">`)
  .replace("<!-- script -->", [`<script type="module" src="${at(script)}"></script>`, ...preloads].join("\n    "));
writeFileSync(join(out, "index.html"), page);

// Which packages are handed out with the pages: their licences are told (infra/tools/sbom.py).
const bundled = Object.keys(metafile.inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
writeFileSync("bundled.json", JSON.stringify([...new Set(bundled)].sort()));

for (const name of readdirSync("public")) {
  copyFileSync(join("public", name), join(out, name));
}
for (const name of readdirSync(assets).filter((one) => /\.(js|css)$/.test(one))) {
  const data = readFileSync(join(assets, name));
  writeFileSync(join(assets, `${name}.gz`), gzipSync(data, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length };
  writeFileSync(join(assets, `${name}.br`), brotliCompressSync(data, { params }));
}
