/** Landing page for visitors. Its pictures are results of the service: infra/tools/console/landing_pictures.py. */
import framesPicture from "../media/frames.webp";
import recapPicture from "../media/recap.webp";
import slidesPicture from "../media/slides.webp";
import { RecipeCards } from "../new/recipe-cards.tsx";
import { settings } from "../settings.ts";

interface Example {
  picture: string;
  height: number;
  alt: string;
  caption: string;
}

const WIDTH = 960;
const FRAMES: Example = {
  picture: framesPicture,
  height: 558,
  alt: "A contact sheet: twelve pictures of a drawn clip with hills, a sailing boat and a city at night.",
  caption: "Frames: one picture a second, out of a clip of 12 seconds",
};
const FILMS: readonly Example[] = [
  {
    picture: recapPicture,
    height: 540,
    alt: "A frame of a film: a sailing boat, with the label “Scene 1 at 0:02”.",
    caption: "Recap: a narrated film out of the scenes of the same clip",
  },
  {
    picture: slidesPicture,
    height: 540,
    alt: "A slide on a green ground: “Why the sea is salty”, with a drawing of a boat.",
    caption: "Presentation: a narrated film out of three sentences",
  },
];

export function Landing() {
  return (
    <div class="landing wide">
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
        <ExampleFigure example={FRAMES} />
      </section>
      <section aria-labelledby="films">
        <h2 id="films">What came out of the same clip, and of three sentences</h2>
        <div class="examples">
          {FILMS.map((example) => (
            <ExampleFigure key={example.caption} example={example} />
          ))}
        </div>
      </section>
      <section aria-labelledby="makes">
        <h2 id="makes">What it makes</h2>
        <RecipeCards hrefOf={(name) => `/sign-in?new&to=/new/${name}`} />
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

function ExampleFigure({ example }: { example: Example }) {
  const { picture, height, alt, caption } = example;
  return (
    <figure class="example">
      <img
        src={new URL(picture, import.meta.url).href}
        width={WIDTH}
        height={height}
        alt={alt}
        loading="lazy"
        decoding="async"
      />
      <figcaption class="hint">{caption}</figcaption>
    </figure>
  );
}
