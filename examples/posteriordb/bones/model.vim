# Age of bones of children from graded signs on X-rays, whose cut points are known; some signs are missing.

age[child] ~ Normal(0, 36)
for n in 1:len(grade) {
  grade[n] ~ OrderedLogistic(slope[sign[n]] * age[child[n]], slope[sign[n]] * cut[sign[n]])
}
