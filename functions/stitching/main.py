"""Put pictures and sound together into a film; hand it out with all that belongs to it."""

from functions.stitching.making import make
from functions.stitching.presenting import present
from shared.stage import stage

main = stage("stitching", part=make, join=present)
