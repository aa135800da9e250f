# Shares that do not sum to one.
a ~ HalfNormal(5)
share ~ Dirichlet([a, a, a])
