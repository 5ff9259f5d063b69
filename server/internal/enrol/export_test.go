package enrol

func init() { workFactor = 10 } // tests need not be slow to guess
