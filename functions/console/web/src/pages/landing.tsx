/** Landing page for visitors. */
import { RecipePicture } from "../new/recipe-pictures.tsx";
import { RECIPES } from "../new/recipes.ts";
import { settings } from "../settings.ts";

export function Landing() {
  return (
    <div class="landing">
      <section class="hero">
        <div>
          <h1>A video goes in. Its moments come out.</h1>
          <p class="intro">
            Moodreel picks the frames out of a video, shows what its faces express over time, and makes narrated films,
            out of your footage or out of a sentence.
          </p>
          <p class="row">
            <a class="button primary" href="/sign-in?new">
              Make an account
            </a>
            <a class="button" href="/sign-in">
              Sign in
            </a>
          </p>
        </div>
        <Reel />
      </section>
      <section aria-labelledby="makes">
        <h2 id="makes">What it makes</h2>
        <ul class="recipes">
          {RECIPES.map((recipe) => (
            <li key={recipe.name}>
              <a href={`/sign-in?new&to=/new/${recipe.name}`}>
                <RecipePicture recipe={recipe.name} />
                <strong>{recipe.title}</strong>
                <span>{recipe.summary}</span>
              </a>
            </li>
          ))}
        </ul>
      </section>
      <footer class="page-footer">
        <p>
          Faces are scored with the consent of the people filmed alone. All that is kept about you can be taken along or
          removed, with a signed receipt.
        </p>
        <p>
          <a href={`${settings.api}/v1/docs`}>Everything here is an API as well</a>
        </p>
      </footer>
    </div>
  );
}

/** Drawing: frames above a curve. */
function Reel() {
  const frames = [16, 88, 160, 232, 304];
  const heights = [76, 46, 20, 58, 34];
  return (
    <svg class="drawing landing-reel" viewBox="0 0 376 220" aria-hidden="true" focusable="false">
      {frames.map((x, index) => (
        <>
          <rect class={index === 2 ? "accent-soft" : "paper"} x={x} y="14" width="60" height="44" rx="5" />
          <circle class="line" cx={x + 30} cy="33" r="11" />
          <path class={index === 2 ? "accent-line" : "line"} d={`M${x + 24} 36q6 ${[1, 4, 7, 3, 5][index]} 12 0`} />
          <path class="mid-line" d={`M${x + 30} 62V${110 + (heights[index] ?? 0)}`} stroke-dasharray="2 4" />
        </>
      ))}
      <path class="mid-line" d="M8 196C40 196 44 166 78 170S130 190 160 178 220 150 250 172 330 190 368 176" />
      <path
        class="accent-line"
        d="M8 200C30 200 34 186 46 186S96 156 118 156 170 130 190 130 240 168 262 168 316 144 334 144 360 150 368 156"
      />
      {frames.map((x, index) => (
        <circle class="accent" cx={x + 30} cy={110 + (heights[index] ?? 0)} r={index === 2 ? 6 : 4} />
      ))}
      <path class="line" d="M8 210h360" />
    </svg>
  );
}
