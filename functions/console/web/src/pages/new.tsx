/** New job: choose a recipe, then fill in its form. */
import { useEffect, useState } from "preact/hooks";
import { get } from "../api.ts";
import { NewForm } from "../new/form.tsx";
import { RecipePicture } from "../new/recipe-pictures.tsx";
import { type Input, RECIPES, findRecipe } from "../new/recipes.ts";
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

export default function NewJobPage({ params }: PageProps) {
  const name = params.recipe ?? "";
  return name ? <NewJob key={name} name={name} /> : <RecipeList />;
}

function RecipeList() {
  useTitle("New job");
  return (
    <section class="recipe-choice">
      <h1>What shall become of it?</h1>
      <ul class="recipes">
        {RECIPES.map((recipe) => (
          <li key={recipe.name}>
            <a href={`/new/${recipe.name}`}>
              <RecipePicture recipe={recipe.name} />
              <strong>{recipe.title}</strong>
              <span>{recipe.summary}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function NewJob({ name }: { name: string }) {
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
        <NewForm recipe={recipe} inputs={recipeInfo.inputs} />
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
