import assert from "node:assert/strict";
import { test } from "node:test";

import { findRecipe } from "../src/new/recipes.ts";
import { type Voice, groupByLanguage, voiceLabel, voicesPath } from "../src/voices/model.ts";

const voice = (name: string, overrides: Partial<Voice> = {}): Voice => ({
  name, languages: [name.split("-").slice(0, 2).join("-")], gender: "female", kind: "neural", technology: "Neural2",
  sample_url: `/v1/voices/${name}/sample`, ...overrides,
});

test("voices of a language are asked for once its tag is complete", () => {
  assert.equal(voicesPath(" pt-BR "), "/v1/voices?language=pt-BR");
  for (const unfinished of ["", "d", "de-", "a b", "?"]) assert.equal(voicesPath(unfinished), "/v1/voices");
});

test("a voice is labelled by its own name and what it is", () => {
  assert.equal(voiceLabel(voice("en-US-Neural2-C")), "C, female, neural, Neural2");
  const local = { technology: "Neural", gender: "male" } as const;
  assert.equal(voiceLabel(voice("en-US-Neural-Joe", local)), "Joe, male, neural");
  const standard = { technology: "Standard", kind: "standard", gender: null } as const;
  assert.equal(voiceLabel(voice("de-DE-Standard-A", standard)), "A, standard");
});

test("voices are grouped by language, also by a code that is no tag", () => {
  const groups = groupByLanguage([
    voice("en-US-Neural2-C"), voice("de-DE-Neural2-A"), voice("en-US-Neural2-D"), voice("x", { languages: ["?"] }),
  ]);
  assert.deepEqual(new Set(groups.map(([, voices]) => voices.length)), new Set([1, 2]));
  assert.equal(groups.length, 3);
  assert.ok(groups.some(([language]) => language === "?"));
});

test("films have a choice of voices", () => {
  for (const recipe of ["recap", "presentation"])
    assert.equal(findRecipe(recipe)?.options.find((option) => option.name === "voice")?.kind, "voice");
});
