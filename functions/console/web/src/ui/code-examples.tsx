/** The same request as curl and as Python, to copy. */
import { Check, Copy } from "lucide";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";
import { toast } from "./toast.tsx";

const COPIED_MS = 2000;
const LANGUAGES = ["curl", "Python"] as const;
type Language = (typeof LANGUAGES)[number];

interface CodeExamplesProps {
  /** Returns the code. It is called when it is shown. */
  codeOf: (language: Language) => string;
  /** What a reader has to know about it. */
  note?: string;
}

/** Closed at first. */
export function CodeDisclosure(props: CodeExamplesProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details class="more code-examples" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>As curl, as Python</summary>
      {isOpen && <CodeExamples {...props} />}
    </details>
  );
}

export function CodeExamples({ codeOf, note }: CodeExamplesProps) {
  const [language, setLanguage] = useState<Language>("curl");
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const code = codeOf(language);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(code);
      setCopied(true);
    } catch {
      toast("The browser does not allow copying. Select the text and copy it.", true);
    }
  };
  return (
    <div class="code-block">
      <div class="row between">
        <div class="segments" role="group" aria-label="Language">
          {LANGUAGES.map((name) => (
            <button key={name} type="button" aria-pressed={name === language} onClick={() => setLanguage(name)}>
              {name}
            </button>
          ))}
        </div>
        <button type="button" onClick={() => void copy()}>
          <Icon icon={copied ? Check : Copy} size={16} />
          <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
        </button>
      </div>
      <pre tabIndex={0} aria-label={`The request as ${language}`}>
        <code>{code}</code>
      </pre>
      <p class="hint">
        Put a key with access to it in <code>MOODREEL_API_KEY</code>: <a href="/account/api-keys">API keys</a>.
        {language === "curl" ? " Needs curl 7.82 or newer, jq and bash." : " Needs the Python package moodreel."} {note}
      </p>
    </div>
  );
}
