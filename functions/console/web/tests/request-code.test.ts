import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { type CodeRequest, curlCode, pythonCode } from "../src/new/request-code.ts";
import { findRecipe } from "../src/new/recipes.ts";
import { type SourceJob, canSupply, keptOptionsText, prefillFrom, suppliedInputs, withoutFaceOptions } from "../src/new/source-job.ts";
import { assignErrors } from "../src/new/form-errors.ts";

const API = "https://api.moodreel.test";
const NASTY = `it's "$HOME" \`id\` $(id) \\ {a,b} é\n*`;
const request = (overrides: Partial<CodeRequest> = {}): CodeRequest => ({
  recipe: "frames", title: "", options: {}, inputs: [], prompt: "", text: "", from: "", ...overrides,
});

/** Runs a script in a folder with stand-ins for curl and jq. Returns the arguments of each call of curl. */
function runScript(code: string): string[][] {
  const folder = mkdtempSync(join(tmpdir(), "moodreel-"));
  writeFileSync(join(folder, "video.mp4"), "12345");
  const standIns = 'curl() { printf "%s\\0" "$@" >> calls; printf "\\1" >> calls; }; jq() { echo "of $2"; };';
  execFileSync("bash", ["--norc", "-euc", `${standIns}\n${code}`], {
    cwd: folder, env: { PATH: process.env.PATH, MOODREEL_API_KEY: "mr_key", HOME: "/nowhere" },
  });
  const calls = readFileSync(join(folder, "calls"), "utf8");
  rmSync(folder, { recursive: true });
  return calls.split("\x01").slice(0, -1).map((call) => call.split("\0").slice(0, -1));
}

/** The value after an option. */
const after = (call: string[] | undefined, option: string): string => call?.[call.indexOf(option) + 1] ?? "";

test("the shell sends exactly the request of the form, whatever it contains", () => {
  const [call, ...others] = runScript(
    curlCode(request({ recipe: "presentation", title: NASTY, options: { slides: "4" }, prompt: NASTY, from: "abc" }), API),
  );
  assert.deepEqual(others, []);
  assert.ok(call?.includes(`${API}/v1/jobs`));
  assert.equal(after(call, "-H"), "Authorization: Bearer mr_key");
  assert.deepEqual(JSON.parse(after(call, "--json")), {
    recipe: "presentation", title: NASTY, options: { slides: "4" }, prompt: NASTY, from: "abc",
  });
});

test("a chosen file is declared and uploaded by its name; one that is not chosen is measured", () => {
  const filename = `my 'best' {take}.mp4`;
  const input = { input: "video", filename, contentType: "video/mp4", sizeBytes: 7 };
  const [create, upload] = runScript(curlCode(request({ inputs: [input] }), API));
  assert.deepEqual(JSON.parse(after(create, "--json")).inputs, {
    video: { filename, content_type: "video/mp4", size_bytes: 7 },
  });
  assert.equal(after(upload, "-T"), filename);
  assert.equal(upload?.at(-1), "of .uploads.video.url");
  // Without globbing, in which braces name several files.
  assert.match(upload?.[0] ?? "", /g/);
  const open = { ...input, filename: "video.mp4", sizeBytes: null };
  const [measured] = runScript(curlCode(request({ inputs: [open] }), API));
  assert.equal(JSON.parse(after(measured, "--json")).inputs.video.size_bytes, 5);
});

test("Python gets the same request with its own literals", () => {
  const code = pythonCode(
    request({
      recipe: "emotions", title: NASTY, options: { consent: true, smooth: false, purpose: "research" },
      inputs: [{ input: "video", filename: "a.mp4", contentType: "video/mp4", sizeBytes: 1 }],
    }),
    API,
  );
  const lines = code.split("\n").map((line) => line.trim());
  for (const line of [
    `with Client("${API}") as client:`, `"emotions",`, `{"video": "a.mp4"},`, `title=${JSON.stringify(NASTY)},`,
    "consent=True,", "smooth=False,", `purpose="research",`,
  ])
    assert.ok(lines.includes(line), line);
  const program = `import ast, sys; ast.parse(sys.stdin.read())`;
  execFileSync("python3", ["-c", program], { input: code });
});

const source = (overrides: Partial<SourceJob> = {}): SourceJob => ({
  id: "j", recipe: "recap", title: "Harbour", options: {},
  inputs: [{ name: "video", filename: "a.mp4", content_type: "video/mp4", size_bytes: 1, kind: "video" }],
  ...overrides,
});

test("a job that is run again brings its options and title, but never the consent", () => {
  const recipe = findRecipe("recap");
  assert.ok(recipe);
  const options = { theme: "ember", slides: 5, stop_at: "deck", motion: null, consent: true, purpose: "research", smooth: false };
  const prefill = prefillFrom(source({ options }), recipe, "words\fthe text");
  assert.deepEqual([prefill.title, prefill.purpose, prefill.prompt, prefill.sourceText], ["Harbour", "research", "words", "the text"]);
  assert.equal(prefill.optionValues.theme, "ember");
  assert.equal(prefill.optionValues.slides, "5");
  assert.equal(prefill.optionValues.stop_at, "true");
  assert.equal(prefill.optionValues.smooth, "false");
  assert.ok(!("motion" in prefill.optionValues) && !("consent" in prefill.optionValues));
});

test("a job that is run again keeps the options that have no field in the form", () => {
  const recipe = findRecipe("recap");
  assert.ok(recipe);
  const options = { pitch: -4, quality: 90, max_width: null, annotate: true, theme: "ember", consent: true, purpose: "x" };
  const { keptOptions } = prefillFrom(source({ options }), recipe, "");
  assert.deepEqual(keptOptions, { pitch: "-4", annotate: true });
  assert.deepEqual(withoutFaceOptions(keptOptions), { pitch: "-4" });
  assert.equal(keptOptionsText(keptOptions), "pitch -4, annotate yes");
});

test("files of another job go to the inputs that take their kind", () => {
  const recipes = ["frames", "recap", "captions", "still", "presentation"].filter((name) => {
    const recipe = findRecipe(name);
    return recipe && canSupply(source(), recipe);
  });
  assert.deepEqual(recipes, ["frames", "recap", "captions"]);
  const music = { name: "music", names: ["music"], kinds: ["audio"], optional: true, max_bytes: 1 };
  const video = { name: "video", names: ["video"], kinds: ["video"], optional: false, max_bytes: 1 };
  assert.deepEqual([...suppliedInputs([video, music], source()).keys()], ["video"]);
});

test("a refused source is shown at the files", () => {
  const errors = assignErrors({ from: "The video of that job is not uploaded." }, ["inputs"], "Invalid");
  assert.deepEqual(errors, { inputs: "The video of that job is not uploaded." });
});
