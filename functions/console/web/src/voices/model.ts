/** The voices of films, as `GET /v1/voices` lists them. No DOM. */

export interface Voice {
  name: string;
  languages: string[];
  gender: "male" | "female" | "neutral" | null;
  kind: "neural" | "standard";
  technology: string;
  sample_url: string;
}

export interface VoiceList {
  voices: Voice[];
  /** The voice that speaks when none is chosen; null without a language. */
  default: string | null;
}

const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;
const GENDERS = { male: "male", female: "female", neutral: "neutral" } as const;

/** The path of the voices of a language; of all voices while the user still types the tag. */
export function voicesPath(language: string): string {
  const tag = language.trim();
  return LANGUAGE.test(tag) ? `/v1/voices?language=${encodeURIComponent(tag)}` : "/v1/voices";
}

/** A label such as "Joe, male, neural". */
export function voiceLabel(voice: Voice): string {
  const own = voice.name.split("-").slice(2).filter((word) => word !== voice.technology).join(" ") || voice.name;
  const technology = voice.technology && voice.technology.toLowerCase() !== voice.kind ? voice.technology : "";
  return [own, voice.gender && GENDERS[voice.gender], voice.kind, technology].filter(Boolean).join(", ");
}

/** The voices by the name of their first language, in the order of these names. */
export function groupByLanguage(voices: readonly Voice[]): [language: string, voices: Voice[]][] {
  const names = new Intl.DisplayNames(undefined, { type: "language" });
  const groups = new Map<string, Voice[]>();
  for (const voice of voices) {
    const code = voice.languages[0] ?? "";
    const name = languageName(names, code);
    groups.set(name, [...(groups.get(name) ?? []), voice]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

function languageName(names: Intl.DisplayNames, code: string): string {
  try {
    return names.of(code) ?? code;
  } catch {
    return code; // not every code of the service is a language tag
  }
}
