# A word stands for a level in brackets, not beside ==.
b ~ Normal(0, 1)
y ~ Normal(b * (county == "AITKIN"), 1)
