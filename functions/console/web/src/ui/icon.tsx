/**
 * An icon of Lucide (https://lucide.dev) as inline SVG, in the colour of the text. Modules import the icons that
 * they show by name: `import { Trash2 } from "lucide"`. Only these get into the bundle.
 */
import type { IconNode } from "lucide";
import { createElement } from "preact";

/** `size` is in pixels. An icon is decoration: its control has a text or an `aria-label`. */
export function Icon({ icon, size = 18 }: { icon: IconNode; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {icon.map(([tag, attributes], index) => createElement(tag, { key: index, ...attributes }))}
    </svg>
  );
}
