/** What is sent to Moodreel: one thing at a time, in words while it is under way. */
import { useRef, useState } from "preact/hooks";
import { Problem } from "../api.ts";
import { sentence } from "../words.ts";
import { toast } from "./toast.tsx";

export interface Sending {
  /** What is being done, "" while nothing is. */
  busy: string;
  wrong: unknown;
  /** What is wrong with which field, when it is fields that are wrong. */
  fields: Readonly<Record<string, string>>;
  /** Do it, unless something is under way; what goes wrong stays until the next time. */
  send: (words: string, work: () => Promise<unknown>) => Promise<void>;
}

/** For a form: what was wrong stands in it. */
export function useSending(): Sending {
  const [busy, setBusy] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  const under = useRef(false);
  const send = async (words: string, work: () => Promise<unknown>): Promise<void> => {
    if (under.current) return;
    under.current = true;
    setBusy(words);
    setWrong(null);
    try {
      await work();
    } catch (fault) {
      setWrong(fault);
    }
    under.current = false;
    setBusy("");
  };
  return { busy, wrong, fields: wrong instanceof Problem ? wrong.fields : {}, send };
}

/** For a button: what went wrong is said aside. */
export function useDeed(): Pick<Sending, "busy" | "send"> {
  const { busy, send } = useSending();
  return {
    busy,
    send: (words, work) =>
      send(words, async () => {
        try {
          await work();
        } catch (fault) {
          toast(sentence(fault), true);
        }
      }),
  };
}
