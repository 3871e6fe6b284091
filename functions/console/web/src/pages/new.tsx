/** A new job: choose a recipe by its picture, then give it what it asks for. */
import { useEffect, useState } from "preact/hooks";
import { get } from "../api.ts";
import { NewForm } from "../new/form.tsx";
import { Picture } from "../new/pictures.tsx";
import { type Input, RECIPES, recipeOf } from "../new/recipes.ts";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { Waiting } from "../ui/progress.tsx";
import { sentence } from "../words.ts";

interface Row {
  name: string;
  available: boolean;
  inputs: Input[];
}

export default function New({ params }: PageProps) {
  const name = params.recipe ?? "";
  return name ? <One key={name} name={name} /> : <All />;
}

function All() {
  useTitle("New job");
  return (
    <section class="new">
      <h1>What shall become of it?</h1>
      <ul class="recipes">
        {RECIPES.map((one) => (
          <li key={one.name}>
            <a href={`/new/${one.name}`}>
              <Picture recipe={one.name} />
              <strong>{one.title}</strong>
              <span>{one.sentence}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function One({ name }: { name: string }) {
  const recipe = recipeOf(name);
  const { row, wrong, again } = useRow(name);
  useTitle(recipe?.title ?? "No such recipe");
  if (!recipe) {
    return (
      <section class="narrow">
        <h1>There is no such recipe</h1>
        <p>
          <a href="/new">Look at all of them</a>
        </p>
      </section>
    );
  }
  return (
    <section class="new-one">
      <header>
        <Picture recipe={name} />
        <div>
          <h1>{recipe.title}</h1>
          <p class="lead">{recipe.sentence}</p>
        </div>
      </header>
      {wrong ? (
        <>
          <p class="wrong" role="alert">
            {wrong}
          </p>
          <p>
            <Button kind="primary" onClick={again}>
              Try again
            </Button>
          </p>
        </>
      ) : row === undefined ? (
        <Waiting words="Asking what this recipe takes …" />
      ) : row === null || !row.available ? (
        <p>This recipe is not available here yet.</p>
      ) : (
        <NewForm recipe={recipe} inputs={row.inputs} />
      )}
    </section>
  );
}

let known: Promise<Row[]> | undefined;

function useRow(name: string) {
  const [row, setRow] = useState<Row | null | undefined>(undefined);
  const [wrong, setWrong] = useState("");
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let over = false;
    setWrong("");
    known ??= get<{ recipes: Row[] }>("/v1/recipes").then(({ data }) => data.recipes);
    known.then(
      (rows) => {
        if (!over) setRow(rows.find((one) => one.name === name) ?? null);
      },
      (fault: unknown) => {
        known = undefined;
        if (!over) setWrong(sentence(fault));
      },
    );
    return () => {
      over = true;
    };
  }, [name, tries]);
  return { row, wrong, again: () => setTries(tries + 1) };
}
