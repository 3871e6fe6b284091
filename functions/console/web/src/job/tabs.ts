/** The selected tab of a job's page. It is part of the address, as `#tab=files`, so that Back returns to it. */
import { fragment, fragmentParam, setFragmentParam } from "../location.ts";
import { useStore } from "../store.ts";

export const JOB_TABS = ["result", "files", "run", "settings"] as const;
export type JobTab = (typeof JOB_TABS)[number];

/** The tab that a fragment selects; the result by default. */
export function tabOf(text: string): JobTab {
  const name = fragmentParam(text, "tab");
  return JOB_TABS.find((tab) => tab === name) ?? "result";
}

export function useJobTab(): [JobTab, (tab: JobTab) => void] {
  const selected = tabOf(useStore(fragment));
  const select = (tab: JobTab): void => setFragmentParam("tab", tab === "result" ? null : tab, true);
  return [selected, select];
}
