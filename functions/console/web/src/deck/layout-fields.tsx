/** Fields of a slide that only some layouts show: labels, a number, and the numbers of a chart. */
import { useEffect, useState } from "preact/hooks";
import { Field } from "../ui/field.tsx";
import { type ChartKind, type SlideLayout, CHART_KINDS } from "../contract.ts";
import { type Slide, chartFromText, chartToText } from "./draft.ts";

interface LayoutFieldsProps {
  slide: Slide;
  errorOf: (field: string) => string | undefined;
  onChange: (changes: Partial<Slide>) => void;
}

const LABEL_HINTS: Partial<Record<SlideLayout, string>> = {
  columns: "The names of the two columns, one a line, or none.",
  comparison: "The names of the two sides, one a line.",
  timeline: "The time of each point, one a line.",
};
const CHART_LABELS: Readonly<Record<ChartKind, string>> = { bar: "Bars", line: "Line", donut: "Donut" };

export function LayoutFields({ slide, errorOf, onChange }: LayoutFieldsProps) {
  const labelHint = LABEL_HINTS[slide.layout];
  return (
    <>
      {labelHint && (
        <Field label="Labels" hint={labelHint} error={errorOf("labels")}>
          {(ids) => (
            <textarea
              {...ids}
              rows={2}
              value={slide.labels.join("\n")}
              onInput={(event) => onChange({ labels: event.currentTarget.value.split("\n") })}
            />
          )}
        </Field>
      )}
      {slide.layout === "number" && (
        <Field label="Number" hint="With its unit, such as 42 %." error={errorOf("number")}>
          {(ids) => (
            <input
              {...ids}
              value={slide.number}
              maxLength={20}
              onInput={(event) => onChange({ number: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      {slide.layout === "chart" && slide.picture === null && (
        <ChartFields slide={slide} errorOf={errorOf} onChange={onChange} />
      )}
    </>
  );
}

function ChartFields({ slide, errorOf, onChange }: LayoutFieldsProps) {
  // The text as it is typed: a line without its number is no point yet.
  const [text, setText] = useState(() => chartToText(slide.chart));
  useEffect(() => setText(chartToText(slide.chart)), [slide.id]);
  const { chart } = slide;
  return (
    <>
      <Field label="Numbers" hint="Two to eight lines such as Coal: 36." error={errorOf("chart.points")}>
        {(ids) => (
          <textarea
            {...ids}
            rows={4}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              onChange({ chart: chartFromText(event.currentTarget.value, chart) });
            }}
          />
        )}
      </Field>
      {chart && (
        <div class="field-pair">
          <Field label="Kind" error={errorOf("chart.kind")}>
            {(ids) => (
              <select
                {...ids}
                value={chart.kind}
                onChange={(event) =>
                  onChange({ chart: { ...chart, kind: event.currentTarget.value as ChartKind } })
                }
              >
                {CHART_KINDS.map((kind) => (
                  <option key={kind} value={kind}>
                    {CHART_LABELS[kind]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Unit" error={errorOf("chart.unit")}>
            {(ids) => (
              <input
                {...ids}
                value={chart.unit}
                maxLength={16}
                onInput={(event) => onChange({ chart: { ...chart, unit: event.currentTarget.value } })}
              />
            )}
          </Field>
        </div>
      )}
    </>
  );
}
