# Missing values are imputed by the statement of their column, which stands above where they are used.
b ~ Normal(0, 1)
y ~ Normal(b * x, 1)
x ~ Normal(0, 2)
