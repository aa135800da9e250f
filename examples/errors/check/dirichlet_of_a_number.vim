# A concentration for one category.
theta ~ Dirichlet(3)
factor log(theta[1])
