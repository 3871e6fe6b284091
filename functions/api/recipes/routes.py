"""The route of recipes."""

from __future__ import annotations

from functions.api.recipes import handlers, schemas
from shared.api_keys import Resource
from shared.http.routing import Route

ROUTES = (
    Route(
        "GET", "/v1/recipes", handlers.list_recipes,
        "List the recipes, with their inputs and options.", schemas.RecipeList,
    ).with_group("Jobs", Resource.JOBS),
)  # fmt: skip
