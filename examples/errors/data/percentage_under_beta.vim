# Percentages are not proportions.
a ~ Exponential(1)
share ~ Beta(a, 1)
