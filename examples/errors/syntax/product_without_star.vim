# 2x is not a product.
b ~ Normal(0, 1)
y ~ Normal(2b + 1, 1)
