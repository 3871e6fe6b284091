/** What a user sees who has no jobs yet. */
import { RecipeCards } from "../new/recipe-cards.tsx";
import { SampleButton } from "./sample-button.tsx";

export function FirstJob() {
  return (
    <section class="recipe-choice wide">
      <div class="first-job">
        <div>
          <h1>Create your first job</h1>
          <p class="intro">A job turns one upload into results. Choose a recipe, or look at what comes out of a sample.</p>
        </div>
        <SampleButton />
      </div>
      <RecipeCards hrefOf={(name) => `/new/${name}`} />
    </section>
  );
}
