/** The request of the form as a shell script with curl, and as a program with the Python client. No DOM. */

export interface CodeInput {
  /** The name of the input, such as `video`. */
  input: string;
  filename: string;
  contentType: string;
  /** Null while no file is chosen: then the script measures it. */
  sizeBytes: number | null;
  /** A link, which the service fetches in place of an upload. */
  url?: string;
}

export interface CodeRequest {
  recipe: string;
  title: string;
  options: Readonly<Record<string, string | number | boolean>>;
  inputs: readonly CodeInput[];
  prompt: string;
  text: string;
  /** The id of the job whose files are used, or empty. */
  from: string;
}

/** The members of the request that curl and Python share, in the order in which they are shown. */
export function requestBody({ recipe, title, options, prompt, text, from }: CodeRequest): Record<string, unknown> {
  return {
    recipe,
    ...(title ? { title } : {}),
    ...(Object.keys(options).length ? { options } : {}),
    ...(prompt ? { prompt } : {}),
    ...(text ? { text } : {}),
    ...(from ? { from } : {}),
  };
}

/** A text as one word of a shell, whatever it contains. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const AUTHORIZATION = `-H "Authorization: Bearer $MOODREEL_API_KEY"`;

export function curlCode(request: CodeRequest, api: string): string {
  const { inputs } = request;
  const uploaded = inputs.filter(({ url }) => url === undefined);
  const declared = inputs.map(({ input, filename, contentType, sizeBytes, url }) => [
    input,
    url === undefined ? { filename, content_type: contentType, size_bytes: sizeBytes ?? sizeMark(input) } : { url },
  ]);
  const body = { ...requestBody(request), ...(inputs.length ? { inputs: Object.fromEntries(declared) } : {}) };
  let json = shellQuote(JSON.stringify(body, null, 2));
  for (const { input, filename, sizeBytes } of uploaded) {
    // The number stands between two quoted texts.
    if (sizeBytes === null)
      json = json.replace(`"${sizeMark(input)}"`, () => `'$(wc -c < ${shellQuote(filename)} | tr -d ' ')'`);
  }
  const post = `curl -sSf ${shellQuote(`${api}/v1/jobs`)} ${AUTHORIZATION} \\\n  --json ${json}`;
  if (!uploaded.length) return `${post}\n`;
  const uploads = uploaded.map(({ input, filename }) => {
    const grant = `.uploads.${input}`;
    return [
      `jq -r '${grant}.headers | to_entries[] | "\\(.key): \\(.value)"' <<< "$CREATED" > upload-headers`,
      `curl -sSfg -X "$(jq -r ${grant}.method <<< "$CREATED")" -H @upload-headers -T ${shellQuote(filename)} \\`,
      `  "$(jq -r ${grant}.url <<< "$CREATED")"`,
    ].join("\n");
  });
  const create = `CREATED=$(${post})`;
  return `${[create, ...uploads, `jq -r .job.id <<< "$CREATED"`].join("\n")}\n`;
}

const sizeMark = (input: string): string => `size of ${input}`;

export function pythonCode(request: CodeRequest, api: string): string {
  const { recipe, title, options, inputs, prompt, text, from } = request;
  const files = Object.fromEntries(inputs.map(({ input, filename, url }) => [input, url ?? filename]));
  const members: [string, unknown][] = [
    ["title", title],
    ["prompt", prompt],
    ["text", text],
    ["from_job", from],
  ];
  const lines = [
    pythonLiteral(recipe),
    ...(inputs.length ? [pythonLiteral(files)] : []),
    ...members.filter(([, value]) => value).map(([name, value]) => `${name}=${pythonLiteral(value)}`),
    ...Object.entries(options).map(([name, value]) => `${name}=${pythonLiteral(value)}`),
  ];
  return [
    "from moodreel import Client",
    "",
    "# The key is MOODREEL_API_KEY of the environment.",
    `with Client(${pythonLiteral(api)}) as client:`,
    "    job = client.run(",
    ...lines.map((line) => `        ${line},`),
    "    )",
    '    job.wait().download("results")',
    "",
  ].join("\n");
}

/** Lists the newest jobs. */
export const curlListCode = (api: string): string => `curl -sSf ${shellQuote(`${api}/v1/jobs?limit=5`)} ${AUTHORIZATION}\n`;

export const pythonListCode = (api: string): string =>
  [
    "from itertools import islice",
    "",
    "from moodreel import Client",
    "",
    "# The key is MOODREEL_API_KEY of the environment.",
    `with Client(${pythonLiteral(api)}) as client:`,
    "    for job in islice(client.jobs(), 5):",
    "        print(job.id, job.status, job.title)",
    "",
  ].join("\n");

/** JSON texts are Python literals as well. */
function pythonLiteral(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${pythonLiteral(item)}`);
    return `{${members.join(", ")}}`;
  }
  return JSON.stringify(value);
}
