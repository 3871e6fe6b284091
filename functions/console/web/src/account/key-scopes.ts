/** The scopes of API keys by resource. A scope to write includes the one to read. */
import { KEY_SCOPES, type KeyScope } from "../contract.ts";

type Resource = KeyScope extends `${infer R}:${string}` ? R : never;
type Access = KeyScope extends `${string}:${infer A}` ? A : never;

const RESOURCE_LABELS: Readonly<Record<Resource, readonly [string, string]>> = {
  jobs: ["Jobs", "With their uploads, results, slides and shared links."],
  cameras: ["Cameras", "With their recordings and previews."],
  webhooks: ["Webhooks", "With the log of their calls."],
  account: ["Account", "Your name, your e-mails and your usage. Never your password."],
};

export const SCOPE_LABELS: Readonly<Record<Access, string>> = { read: "Read", write: "Read and change" };

/** The resources, in the order of the form. */
export const KEY_RESOURCES = (Object.keys(RESOURCE_LABELS) as Resource[]).map((resource) => {
  const [label, hint] = RESOURCE_LABELS[resource];
  return { resource, label, hint };
});

/** The kinds of access to a resource. */
export const scopeAccess = (resource: string): Access[] =>
  KEY_SCOPES.filter((scope) => scope.startsWith(`${resource}:`)).map((scope) => scope.split(":")[1] as Access);

/** The scopes of a form: the access by resource, empty for none. */
export const chosenScopes = (access: Readonly<Record<string, string>>): KeyScope[] =>
  KEY_SCOPES.filter((scope) => {
    const [resource = "", wanted] = scope.split(":");
    return access[resource] === wanted;
  });

/** Labels such as "Jobs: read and change", one per resource. */
export function shownScopes(scopes: readonly string[]): string[] {
  return KEY_RESOURCES.flatMap(({ resource, label }) => {
    const access = (["write", "read"] as const).find((value) => scopes.includes(`${resource}:${value}`));
    return access ? [`${label}: ${SCOPE_LABELS[access].toLowerCase()}`] : [];
  });
}
