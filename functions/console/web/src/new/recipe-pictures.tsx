/** Decorative drawings of the recipes. */
import type { ComponentChildren } from "preact";

function Drawing({ children }: { children: ComponentChildren }) {
  return (
    <svg class="drawing" viewBox="0 0 160 96" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const Frames = () => (
  <Drawing>
    <rect class="soft" x="14" y="22" width="60" height="40" rx="4" />
    <rect class="mid" x="32" y="30" width="60" height="40" rx="4" />
    <rect class="paper" x="50" y="38" width="60" height="40" rx="4" />
    <path class="accent-line" d="M56 70l14-14 10 9 12-15 12 14" />
    <circle class="accent" cx="66" cy="48" r="4" />
    <path class="line" d="M122 30v46M122 34h8M122 53h14M122 72h8" />
  </Drawing>
);

const Emotions = () => (
  <Drawing>
    <circle class="paper" cx="44" cy="46" r="28" />
    <circle class="ink" cx="35" cy="40" r="2.5" />
    <circle class="ink" cx="53" cy="40" r="2.5" />
    <path class="line" d="M33 53q11 10 22 0" />
    <path class="line" d="M84 76h64" />
    <path class="mid-line" d="M84 68c12-4 16-10 26-8s18 6 38-4" />
    <path class="accent-line" d="M84 62c10 0 14-34 24-34s10 24 20 24 12-20 20-22" />
    <circle class="accent" cx="108" cy="28" r="4" />
  </Drawing>
);

const Recap = () => (
  <Drawing>
    <path class="mid-line" d="M12 70c8 0 8-22 16-22s8 14 16 14 8-34 16-34 8 30 16 30 8-14 16-14 8 26 16 26" />
    <circle class="accent" cx="28" cy="48" r="4" />
    <circle class="accent" cx="60" cy="28" r="4" />
    <circle class="accent" cx="92" cy="44" r="4" />
    <rect class="paper" x="104" y="28" width="46" height="34" rx="4" />
    <path class="accent" d="M122 37v16l13-8z" />
    <path class="line" d="M108 72h38M112 79h26" />
  </Drawing>
);

const Presentation = () => (
  <Drawing>
    <path class="line" d="M12 30h34M12 40h40M12 50h28M12 60h36" />
    <path class="accent-line" d="M58 46h12m-5-5l5 5-5 5" />
    <rect class="paper" x="80" y="20" width="68" height="46" rx="4" />
    <rect class="accent" x="88" y="28" width="26" height="5" rx="2.500" />
    <path class="line" d="M88 42h22M88 50h18" />
    <rect class="soft" x="118" y="38" width="22" height="20" rx="2" />
    <path class="mid-line" d="M92 78v4M98 74v12M104 77v6M110 72v16M116 76v8M122 73v14M128 77v6M134 79v2" />
  </Drawing>
);

const Still = () => (
  <Drawing>
    <rect class="paper" x="30" y="14" width="100" height="50" rx="4" />
    <circle class="accent" cx="52" cy="30" r="5" />
    <path class="mid" d="M34 60l26-24 18 15 14-11 30 20z" />
    <path class="accent-line" d="M32 80v2M40 76v10M48 72v18M56 77v8M64 74v14M72 70v22M80 76v10M88 73v16M96 78v6M104 72v18M112 76v10M120 79v4M128 80v2" />
  </Drawing>
);

const Captions = () => (
  <Drawing>
    <path class="mid-line" d="M14 44v8M20 36v24M26 42v12M32 30v36M38 38v20M44 44v8" />
    <rect class="paper" x="58" y="18" width="90" height="58" rx="4" />
    <rect class="accent" x="70" y="52" width="40" height="6" rx="3" />
    <rect class="mid" x="114" y="52" width="22" height="6" rx="3" />
    <rect class="mid" x="70" y="62" width="26" height="6" rx="3" />
    <rect class="accent" x="100" y="62" width="30" height="6" rx="3" />
  </Drawing>
);

const DRAWINGS: Readonly<Record<string, () => ReturnType<typeof Frames>>> = {
  frames: Frames,
  emotions: Emotions,
  recap: Recap,
  presentation: Presentation,
  still: Still,
  captions: Captions,
};

export function RecipePicture({ recipe }: { recipe: string }) {
  const RecipeDrawing = DRAWINGS[recipe] ?? Frames;
  return <RecipeDrawing />;
}
