# h[2] is used, but only h[1] and h[3] are defined.
a ~ Normal(0, 1)
h[1] = a
h[3] = 2 * a
y ~ Normal(h, 1)
