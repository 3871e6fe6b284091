/** What is sent to Moodreel: one thing at a time, in words while it is under way. */
import { useRef, useState } from "preact/hooks";
import { Problem } from "../api.ts";
import { errorMessage } from "../format.ts";
import { toast } from "./toast.tsx";

export interface Submission {
  /** What is being done, "" while nothing is. */
  busyLabel: string;
  error: unknown;
  /** What is wrong with which field, when it is fields that are wrong. */
  fieldErrors: Readonly<Record<string, string>>;
  /** Do it, unless something is under way; what goes wrong stays until the next time. */
  run: (label: string, action: () => Promise<unknown>) => Promise<void>;
}

/** For a form: what was wrong stands in it. */
export function useSubmit(): Submission {
  const [busyLabel, setBusyLabel] = useState("");
  const [error, setError] = useState<unknown>(null);
  const pending = useRef(false);
  const run = async (label: string, action: () => Promise<unknown>): Promise<void> => {
    if (pending.current) return;
    pending.current = true;
    setBusyLabel(label);
    setError(null);
    try {
      await action();
    } catch (error) {
      setError(error);
    }
    pending.current = false;
    setBusyLabel("");
  };
  return { busyLabel, error, fieldErrors: error instanceof Problem ? error.fieldErrors : {}, run };
}

/** For a button: what went wrong is said aside. */
export function useAction(): Pick<Submission, "busyLabel" | "run"> {
  const { busyLabel, run: submit } = useSubmit();
  return {
    busyLabel,
    run: (label, action) =>
      submit(label, async () => {
        try {
          await action();
        } catch (error) {
          toast(errorMessage(error), true);
        }
      }),
  };
}
