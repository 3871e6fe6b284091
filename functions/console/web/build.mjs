// Bundles the console. Usage: node build.mjs OUTPUT_FOLDER
//
// File names carry a content hash, and every asset is compressed here, once. The same sources and locked
// packages give the same bytes in any folder.
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
  // node_modules is a symbolic link: module names must not depend on its target.
  preserveSymlinks: true,
  metafile: true,
  logLevel: "warning",
});

const outputOf = (entryPoint) =>
  Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entryPoint);
const [script, { imports }] = outputOf("src/main.tsx");
const assetUrl = (path) => `/assets/${basename(path)}`;
const preloads = imports
  .filter(({ kind }) => kind === "import-statement")
  .map(({ path }) => `<link rel="modulepreload" href="${assetUrl(path)}">`);
const page = readFileSync("index.html", "utf8")
  .replace("<!-- style -->", `<link rel="stylesheet" href="${assetUrl(outputOf("src/style/index.css")[0])}">`)
  .replace("<!-- script -->", [`<script type="module" src="${assetUrl(script)}"></script>`, ...preloads].join("\n    "));
writeFileSync(join(out, "index.html"), page);

// The npm packages in the bundle; infra/tools/sbom.py lists their licences.
const bundled = Object.keys(metafile.inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
writeFileSync("bundled.json", JSON.stringify([...new Set(bundled)].sort()));

for (const name of readdirSync("public")) {
  copyFileSync(join("public", name), join(out, name));
}
for (const name of readdirSync(assets).filter((file) => /\.(js|css)$/.test(file))) {
  const data = readFileSync(join(assets, name));
  writeFileSync(join(assets, `${name}.gz`), gzipSync(data, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length };
  writeFileSync(join(assets, `${name}.br`), brotliCompressSync(data, { params }));
}
