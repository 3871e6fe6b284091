/** The recipes to choose from, as links. */
import type { RecipeName } from "../contract.ts";
import { RecipePicture } from "./recipe-pictures.tsx";
import { type Recipe, RECIPES } from "./recipes.ts";

export function RecipeCards({
  recipes = RECIPES,
  hrefOf,
}: {
  recipes?: readonly Recipe[];
  hrefOf: (recipe: RecipeName) => string;
}) {
  return (
    <ul class="recipes">
      {recipes.map((recipe) => (
        <li key={recipe.name}>
          <a href={hrefOf(recipe.name)}>
            <RecipePicture recipe={recipe.name} />
            <strong>{recipe.title}</strong>
            <span>{recipe.summary}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
