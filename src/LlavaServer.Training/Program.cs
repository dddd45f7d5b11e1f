Console.WriteLine("LlavaServer.Training");
