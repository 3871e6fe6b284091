/** New job: choose a recipe, then fill in its form. */
import { useEffect, useState } from "preact/hooks";
import { get } from "../api.ts";
import { NewForm } from "../new/form.tsx";
import { RecipePicture } from "../new/recipe-pictures.tsx";
import { RecipeCards } from "../new/recipe-cards.tsx";
import { type Input, RECIPES, findRecipe } from "../new/recipes.ts";
import { type Prefill, type SourceJob, NO_PREFILL, canSupply, prefillFrom } from "../new/source-job.ts";
import { useSourceJob } from "../new/use-source-job.ts";
import { address } from "../location.ts";
import { useStore } from "../store.ts";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/progress.tsx";
import { errorMessage } from "../format.ts";

interface RecipeResponse {
  name: string;
  available: boolean;
  inputs: Input[];
}

/**
 * `/new?from=<job>` runs a job again with changes: its recipe, options, title and files. `/new?recipe=…&source=<job>`
 * uses only its files; without a recipe, those that can use them are offered.
 */
export default function NewJobPage({ params }: PageProps) {
  const query = new URL(useStore(address), location.origin).searchParams;
  const rerunId = query.get("from");
  const { source, promptText, error } = useSourceJob(rerunId ?? query.get("source"));
  if (error) return <NoSource error={error} />;
  if (source === undefined) return <Loading text="Loading the other job …" />;
  const name = params.recipe ?? query.get("recipe") ?? (rerunId ? source?.recipe : "") ?? "";
  if (!name) return <RecipeList source={source} />;
  const recipe = findRecipe(name);
  const isRerun = rerunId !== null && recipe !== undefined && source?.recipe === name;
  const prefill = isRerun && source ? prefillFrom(source, recipe, promptText) : { ...NO_PREFILL, source };
  return <NewJob key={`${name} ${source?.id ?? ""} ${isRerun}`} name={name} prefill={prefill} />;
}

function NoSource({ error }: { error: string }) {
  useTitle("No such job");
  return (
    <section class="single-column">
      <h1>The other job cannot be used</h1>
      <p class="error-text" role="alert">
        {error}
      </p>
      <p>
        <a href="/new">Create a new job</a>
      </p>
    </section>
  );
}

function RecipeList({ source }: { source: SourceJob | null }) {
  const title = source ? `Use “${source.title}” for …` : "Choose a recipe";
  useTitle(source ? title : "New job");
  const recipes = source ? RECIPES.filter((recipe) => canSupply(source, recipe)) : RECIPES;
  return (
    <section class="recipe-choice wide">
      <h1>{title}</h1>
      {recipes.length ? (
        <RecipeCards
          recipes={recipes}
          hrefOf={(name) => (source ? `/new?recipe=${name}&source=${source.id}` : `/new/${name}`)}
        />
      ) : (
        <p>
          No recipe can use the files of this job. <a href="/new">Upload others</a>
        </p>
      )}
    </section>
  );
}

function NewJob({ name, prefill }: { name: string; prefill: Prefill }) {
  const recipe = findRecipe(name);
  const { recipe: recipeInfo, error, retry } = useRecipe(name);
  useTitle(recipe?.title ?? "No such recipe");
  if (!recipe) {
    return (
      <section class="single-column">
        <h1>There is no such recipe</h1>
        <p>
          <a href="/new">Look at all of them</a>
        </p>
      </section>
    );
  }
  return (
    <section class="new-job">
      <header>
        <RecipePicture recipe={name} />
        <div>
          <h1>{recipe.title}</h1>
          <p class="intro">{recipe.summary}</p>
        </div>
      </header>
      {error ? (
        <>
          <p class="error-text" role="alert">
            {error}
          </p>
          <p>
            <Button kind="primary" onClick={retry}>
              Try again
            </Button>
          </p>
        </>
      ) : recipeInfo === undefined ? (
        <Loading text="Asking what this recipe takes …" />
      ) : recipeInfo === null || !recipeInfo.available ? (
        <p>This recipe is not available here yet.</p>
      ) : (
        <NewForm recipe={recipe} inputs={recipeInfo.inputs} prefill={prefill} />
      )}
    </section>
  );
}

let cachedRecipes: Promise<RecipeResponse[]> | undefined;

function useRecipe(name: string) {
  const [recipe, setRecipe] = useState<RecipeResponse | null | undefined>(undefined);
  const [error, setError] = useState("");
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let cancelled = false;
    setError("");
    cachedRecipes ??= get<{ recipes: RecipeResponse[] }>("/v1/recipes").then(({ data }) => data.recipes);
    cachedRecipes.then(
      (rows) => {
        if (!cancelled) setRecipe(rows.find((row) => row.name === name) ?? null);
      },
      (error: unknown) => {
        cachedRecipes = undefined;
        if (!cancelled) setError(errorMessage(error));
      },
    );
    return () => {
      cancelled = true;
    };
  }, [name, attempt]);
  return { recipe, error, retry: () => setAttempt(attempt + 1) };
}
