# Keywords are not names.
in ~ Normal(0, 1)
y ~ Normal(in, 1)
