"""The icons that slides can show, by their names in Lucide (https://lucide.dev).

A selection for the subjects of films: the complete set has 1,700 icons, too many for a request to a
model. `slide_generation` reads the pictures from the package `lucide`.
"""

from __future__ import annotations

_NAMES = """
activity alarm-clock anchor apple award baby badge-check banknote battery bed bell bike binary
bird blocks bluetooth bone book book-open bot brain briefcase bug building building-2 bus
calculator calendar camera car castle cat chart-bar chart-line chart-pie chef-hat church
circle-check circle-x clapperboard clipboard-list clock cloud cloud-rain code coffee coins compass
construction cookie cpu credit-card crown database dna dog dollar-sign droplet droplets dumbbell
earth egg eye factory feather file-text film fish flag flame flask-conical flower footprints fuel
gamepad-2 gauge gem gift globe graduation-cap guitar hammer hand-heart handshake hard-drive
headphones heart heart-pulse hospital hotel house image key landmark languages laptop layers leaf
library lightbulb link list-checks lock magnet mail map map-pin medal megaphone message-circle mic
microscope milk monitor moon mountain music network newspaper nut orbit package paintbrush palette
paw-print pen pencil percent phone piggy-bank pill pizza plane plug presentation printer puzzle
pyramid rabbit radio rainbow receipt recycle refrigerator rocket ruler sailboat salad satellite
save scale school scissors search server settings shield shield-check ship shirt shopping-bag
shopping-cart shovel skull smartphone smile snowflake soup sparkles sprout squirrel star
stethoscope store sun sunrise sunset swords syringe target telescope tent test-tube theater
thermometer thumbs-down thumbs-up ticket timer tractor traffic-cone train-front trash-2
tree-deciduous tree-palm tree-pine trees trending-down trending-up triangle-alert trophy truck
turtle tv umbrella university upload user users utensils video vote wallet warehouse watch wheat
wifi wind wine worm wrench zap
"""
ICONS = tuple(_NAMES.split())
