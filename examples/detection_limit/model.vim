# Lead in wells, measured by three laboratories, each with a smallest amount that it can detect. Shows: censored data, a
# limit for each row; a value at its limit means that or less.

## log lead at the surface
surface ~ Normal(0, 2)
## for 10 metres of depth
b_depth ~ Normal(0, 1)
sigma   ~ HalfNormal(2)
lead    ~ censored(LogNormal(surface + b_depth * depth / 10, sigma), lower = limit)
