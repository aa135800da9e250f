# The file stops in the middle of a statement.
mu ~ Normal(0, 1)
y ~
