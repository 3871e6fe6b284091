"""The list of recipes."""

from __future__ import annotations

from functions.api.recipes.schemas import RecipeList, recipe_view
from shared.http.request import ApiRequest, ApiResponse
from shared.pipeline import RECIPES


def list_recipes(request: ApiRequest) -> ApiResponse:
    """Lists all recipes with their inputs and options."""
    recipes = tuple(recipe_view(recipe, request.settings) for recipe in RECIPES.values())
    return ApiResponse(RecipeList(recipes=recipes))
