// Bundles the console, and the viewer of the API's documentation.
// Usage: node build.mjs OUTPUT_FOLDER VIEWER_FOLDER
//
// File names carry a content hash, and every asset is compressed here, once. The same sources and locked
// packages give the same bytes in any folder.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const [out, viewer] = process.argv.slice(2);
const assets = join(out, "assets");
rmSync(out, { recursive: true, force: true });
mkdirSync(assets, { recursive: true });

const common = {
  bundle: true,
  target: ["chrome123", "firefox120", "safari17.5"],
  minify: true,
  legalComments: "external",
  // node_modules is a symbolic link: module names must not depend on its target.
  preserveSymlinks: true,
  metafile: true,
  logLevel: "warning",
};
const { metafile } = await build({
  ...common,
  entryPoints: { main: "src/main.tsx", style: "src/style/index.css" },
  outdir: assets,
  splitting: true,
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".mp4": "file", ".webp": "file" },
});
// The API serves these files from the path of its page, with an ETag instead of a hash in their names.
const { metafile: viewerMetafile } = await build({
  ...common,
  entryPoints: { viewer: "viewer/viewer.js", style: "viewer/viewer.css" },
  outdir: viewer,
  format: "iife",
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

// Swagger UI names the packages that it contains in files of its own.
for (const name of ["LICENSE", "NOTICE", "swagger-ui-es-bundle.js.LICENSE.txt"]) {
  copyFileSync(join("node_modules", "swagger-ui-dist", name), join(viewer, `${name.replace(".txt", "")}.txt`));
}

// The comments that esbuild collects refer to this file.
copyFileSync(join("node_modules", "lucide", "LICENSE"), join(assets, "lucide.LICENSE.txt"));

// The npm packages in the bundle; infra/tools/sbom.py lists their licences.
const inputs = [...Object.keys(metafile.inputs), ...Object.keys(viewerMetafile.inputs)];
const bundled = inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
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
